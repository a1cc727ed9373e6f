// Stands in for `octoporty service status` where systemd runs: prints what it says of the folder that it is given.

import { status } from '../../services/serviceUnits/status.ts';
import { systemctl } from '../../services/serviceUnits/systemctl.ts';

const print = (line: string) => void process.stdout.write(`${line}\n`);
const isWell = await status({ root: process.argv[2] ?? '', isThisSystem: true, systemctl, print });
if (!isWell) process.exitCode = 1;
