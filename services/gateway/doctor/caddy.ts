// The doctor's question to Caddy's admin endpoint: does it take us?

import { ask } from '../../doctor/ask.ts';
import { failed, ok, type Finding } from '../../doctor.ts';
import { adminAddress } from '../caddyClient.ts';

const CHECK = 'caddy';

/** `adminUrl`: `http://localhost:2019` or `unix:/path`. Asks without an Origin, as the gateway does. */
export async function examineCaddy(adminUrl: string): Promise<Finding> {
  try {
    const { where, headers, isEncrypted } = adminAddress(adminUrl);
    const { status } = await ask({ ...where, headers, isEncrypted, path: '/config/' });
    if (status === 200) return ok(CHECK, `${adminUrl} answers`);
    const saw = `${adminUrl} answers with status ${status}`;
    return status === 403
      ? failed(CHECK, saw, 'let Caddy\'s "admin" option name this address among its origins')
      : failed(CHECK, saw, 'is that Caddy? check OCTOPORTY_CADDY_ADMIN_URL');
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    return failed(CHECK, `${adminUrl} cannot be asked: ${why}`, adviceFor(why));
  }
}

function adviceFor(why: string): string {
  return why === 'EACCES'
    ? "give the gateway's user the right to the socket"
    : 'start Caddy, or check OCTOPORTY_CADDY_ADMIN_URL and that its "admin" option is on';
}
