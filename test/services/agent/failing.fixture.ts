// An agent under `serve` whose dialler cannot even begin: its gateway's URL is none.

import { startAgent } from '../../../services/agent/main.ts';
import { loadAgentConfig } from '../../../services/config.ts';
import { createLog } from '../../../services/log.ts';
import { serve } from '../../../services/serve.ts';

const log = createLog({ level: 'error', secrets: [] });

await serve({ portVariable: 'THE_PORT', hostVariable: 'THE_HOST' }, async (lifecycle) => {
  const config = { ...loadAgentConfig({ flags: {} }, []), gatewayUrl: 'no URL' };
  await lifecycle.start(() => startAgent({ config, log }));
  return log;
});
