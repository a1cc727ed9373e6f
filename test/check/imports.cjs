// Owns the direction of imports: dependency-cruiser's rules. CommonJS, because that tool loads its rules with `require`.

/** What the UI may take of the protocol: data shapes both sides show, nothing that needs Node or a tunnel. */
const PROTOCOL_FOR_UI = '^protocol/(api/[a-zA-Z]+|mapping|control|errors|limits|hostName)\\.ts$';

/** Every folder of ours but the protocol. */
const OURS = '^(services|machines|ui|deploy|test)/';

module.exports = {
  forbidden: [
    {
      name: 'no-circular',
      comment:
        'Files that need each other to run are one file, or lack a third. Types are stripped: they close no circle.',
      severity: 'error',
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
    },
    {
      name: 'no-unresolvable',
      comment: 'The import names a file or package that does not exist.',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true },
    },
    {
      name: 'protocol-is-alone',
      comment: 'The protocol is the ground: it imports nothing of ours.',
      severity: 'error',
      from: { path: '^protocol/' },
      to: { path: OURS },
    },
    {
      name: 'protocol-outside',
      comment: 'The protocol runs anywhere: zod and node:buffer are all it takes from outside.',
      severity: 'error',
      from: { path: '^protocol/' },
      to: { pathNot: ['^protocol/', '^(node:)?buffer$', '^node_modules/zod/'] },
    },
    {
      name: 'machines-are-pure',
      comment:
        'Machines decide; whoever runs them brings sockets, clocks and stores: protocol and xstate only.',
      severity: 'error',
      from: { path: '^machines/' },
      to: { pathNot: ['^machines/', '^protocol/', '^node_modules/xstate/'] },
    },
    {
      name: 'services-import-down',
      comment: 'Services stand on machines and protocol.',
      severity: 'error',
      from: { path: '^services/' },
      to: { path: '^(ui|deploy|test)/' },
    },
    {
      name: 'gateway-not-agent',
      comment: 'They run on different hosts and meet only in the protocol.',
      severity: 'error',
      from: { path: '^services/gateway/' },
      to: { path: '^services/agent/' },
    },
    {
      name: 'agent-not-gateway',
      comment: 'They run on different hosts and meet only in the protocol.',
      severity: 'error',
      from: { path: '^services/agent/' },
      to: { path: '^services/gateway/' },
    },
    {
      name: 'shared-services-import-neither-side',
      comment:
        'What both sides share must not need one of them; only cli.ts, doctorCommand.ts and up.ts put the sides together.',
      severity: 'error',
      from: { path: '^services/[^/]+$', pathNot: '^services/(cli|doctorCommand|up)\\.ts$' },
      to: { path: '^services/(gateway|agent)/' },
    },
    {
      name: 'sides-do-not-import-their-starters',
      comment:
        'cli.ts, doctorCommand.ts and up.ts put the sides together; a side that imports them would pull in the other side.',
      severity: 'error',
      from: { path: '^services/(gateway|agent)/' },
      to: { path: '^services/(cli|doctorCommand|up)\\.ts$' },
    },
    {
      name: 'ui-stays-in-the-browser',
      comment: 'The UI talks to the agent over its API and shares only the data shapes of the protocol.',
      severity: 'error',
      from: { path: '^ui/' },
      to: { path: '^(services|machines|protocol|deploy|test)/', pathNot: PROTOCOL_FOR_UI },
    },
    {
      name: 'nothing-imports-test',
      comment: 'What the product needs is not a test.',
      severity: 'error',
      from: { pathNot: '^test/' },
      to: { path: '^test/' },
    },
    {
      name: 'no-dev-dependency-in-product',
      comment: 'A production install leaves development packages out.',
      severity: 'error',
      from: { path: '^(services|machines|protocol)/' },
      to: {
        dependencyTypes: ['npm-dev'],
        dependencyTypesNot: ['type-only', 'npm'],
        pathNot: 'node_modules/@types/',
      },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '^(ui|deploy)/dist/' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'node', 'default', 'types'],
    },
  },
};
