// What the Caddy of `octoporty up --caddy` is told before the gateway adds its routes: where to listen, and to trust itself.

export interface CaddyBase {
  /** Where its admin API listens. */
  readonly socketPath: string;
  /** Stands for external port 443. */
  readonly httpsPort: number;
  /** Certificates and the local CA stay here. */
  readonly folder: string;
}

/** The local CA's root certificate, in that folder. */
export const ROOT_FILE = ['pki', 'authorities', 'local', 'root.crt'];

/** Caddy's JSON configuration. */
export function caddyBase({ socketPath, httpsPort, folder }: CaddyBase): object {
  return {
    admin: {
      // Whoever may write here may publish anything: only the user who started us.
      listen: `unix/${socketPath}|0600`,
      // The gateway writes the routes at each start: an old copy of them would only mislead.
      config: { persist: false },
    },
    logging: {
      logs: { default: { writer: { output: 'stderr' }, encoder: { format: 'json' }, level: 'INFO' } },
    },
    storage: { module: 'file_system', root: folder },
    apps: {
      http: {
        https_port: httpsPort,
        // Ours by its listener: the gateway's routes go to the server that is there already.
        servers: {
          up: {
            // A desk's own machine and nobody else. No HTTP/3: it would want a UDP port as well.
            listen: [`127.0.0.1:${httpsPort}`],
            protocols: ['h1', 'h2'],
            routes: [],
            // A redirect would need port 80.
            automatic_https: { disable_redirects: true },
          },
        },
      },
      // No word of ours goes into the certificates that this machine trusts.
      pki: { certificate_authorities: { local: { install_trust: false } } },
      // Whatever the name: nobody outside could vouch for one that leads here.
      tls: { automation: { policies: [{ issuers: [{ module: 'internal' }] }] } },
    },
  };
}
