// Owns the tests of the status page: what it says of each state, and that nothing in it can run.

import { describe, expect, it } from 'vitest';
import { renderStatusPage, type PageStatus } from '../../../../services/agent/api/statusPage.ts';

const STATUS: PageStatus = {
  state: 'online.lively',
  since: '2026-01-31T12:00:00.000Z',
  lastError: null,
  gatewayUrl: 'wss://tunnel.example.com/tunnel',
  gatewayVersion: '1.2.3',
  version: '1.2.4',
  mappings: [],
};

describe('the status page', () => {
  it('says that the tunnel is online, since when, and with which versions', () => {
    const page = renderStatusPage(STATUS);
    expect(page).toContain('The tunnel is online');
    for (const fact of [STATUS.since, STATUS.gatewayUrl, '1.2.3', '1.2.4']) expect(page).toContain(fact);
  });

  it('says what to do when the gateway refused the agent', () => {
    const page = renderStatusPage({ ...STATUS, state: 'rejected', lastError: 'The secret is wrong.' });
    expect(page).toContain('The gateway refused this agent');
    expect(page).toContain('The secret is wrong.');
    expect(page).toContain('Set the same OCTOPORTY_AUTH_SECRET on both sides');
  });

  it('keeps an old error to itself once the tunnel is online', () => {
    expect(renderStatusPage({ ...STATUS, lastError: 'refused' })).not.toContain('refused');
  });

  it.each(['offline', 'waiting', 'trying.dialing', 'trying.syncing', 'online.doubtful', 'stopping', 'other'])(
    'has words for the state %s',
    (state) => {
      const page = renderStatusPage({ ...STATUS, state });
      expect(page).toMatch(/<p class="state busy">[A-Z]/);
      expect(page).not.toContain('The tunnel is online');
    },
  );

  it('lists what is published, and says how to begin when nothing is', () => {
    const mapping = {
      address: 'a.example.com',
      target: 'http://nas:80',
      enabled: true,
      refused: null,
    };
    const page = renderStatusPage({
      ...STATUS,
      mappings: [
        mapping,
        { ...mapping, address: 'a.example.com:8443', enabled: false },
        {
          ...mapping,
          address: 'b.example.com',
          refused: 'Another agent publishes this name already.',
        },
      ],
    });
    expect(page).toContain('<td>a.example.com</td><td>http://nas:80</td><td>on</td>');
    expect(page).toContain('<td>a.example.com:8443</td><td>http://nas:80</td><td>off</td>');
    expect(page).toContain('<td>Another agent publishes this name already.</td>');
    expect(renderStatusPage(STATUS)).toContain('--map app.example.com=');
  });

  it('escapes everything and holds neither script nor style of its own', () => {
    const evil = '"><script>x</script>';
    const page = renderStatusPage({
      state: evil,
      since: evil,
      lastError: evil,
      gatewayUrl: evil,
      gatewayVersion: evil,
      version: evil,
      mappings: [{ address: evil, target: evil, enabled: true, refused: evil }],
    });
    expect(page).not.toMatch(/<script|<style|style=/);
  });
});
