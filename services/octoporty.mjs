#!/usr/bin/env node
// Owns the `octoporty` command outside npm scripts: the command line under a Node that can run it.
import { launch } from './launch.mjs';

process.exitCode = await launch('octoporty', process.argv.slice(2));
