// Owns the lint rules: what the compiler cannot see, and the promises that the folders make about their code.
import { defineConfig } from 'eslint/config';
import vue from 'eslint-plugin-vue';
import tseslint from 'typescript-eslint';
import vueParser from 'vue-eslint-parser';

const TYPESCRIPT = ['**/*.ts', '**/*.vue'];
const COMPONENTS = ['**/*.vue'];
const SCRIPTS = ['**/*.mjs', '**/*.cjs', '**/*.js'];

/** Syntax that no file may hold. ESLint replaces this rule whole, so narrower blocks repeat the list. */
const SYNTAX_EVERYWHERE = [
  {
    selector:
      ':matches(ImportDeclaration, ImportExpression, ExportNamedDeclaration)[source.value=/^\\.{1,2}\\u002F.*(?<!\\.ts|\\.mjs|\\.cjs|\\.vue|\\.css|\\.json)$/]',
    message:
      'A relative import names the file as it is on disk (./x.ts): Node strips types and looks nowhere else.',
  },
  {
    selector: 'ExportAllDeclaration',
    message: 'No barrels: import from the file that owns the thing.',
  },
  {
    selector: 'CatchClause > BlockStatement[body.length=0]',
    message: 'An empty catch hides what went wrong: handle the error, or say in code why it cannot matter.',
  },
];

const NO_DEFAULT_EXPORT = {
  selector: ':matches(ExportDefaultDeclaration, ExportSpecifier[exported.name="default"])',
  message: 'Named exports only: one name for one thing everywhere.',
};

const NO_PROMISES = [
  {
    selector: ':matches(Identifier, TSTypeReference > Identifier)[name=/^(Promise|PromiseLike)$/]',
    message: 'Pure code is synchronous: whoever runs it waits.',
  },
  {
    selector: ':function[async=true], AwaitExpression, ForOfStatement[await=true]',
    message: 'Pure code is synchronous.',
  },
];

const CLOCK =
  'Pure code is told the time and the chance: take it as an input, so that a simulation decides it.';

const CONSOLE = { object: 'console', message: 'Log through the logger; only the command line prints.' };
const ENVIRONMENT = {
  object: 'process',
  property: 'env',
  message: 'services/config.ts reads the environment, once; take the value from there.',
};

/** rxjs operators that run timers of their own, beyond the reach of a simulated clock. */
const RXJS_TIMERS = [
  'auditTime',
  'bufferTime',
  'debounceTime',
  'delay',
  'delayWhen',
  'interval',
  'sampleTime',
  'throttleTime',
  'timeInterval',
  'timeout',
  'timeoutWith',
  'timer',
  'timestamp',
  'windowTime',
];
const RXJS = {
  message: 'Timers belong to the machines (`after`), where a simulated clock reaches them.',
  importNames: RXJS_TIMERS,
};

const RETRY_WITH_DELAY = {
  selector: 'CallExpression[callee.name=/^(retry|repeat)$/] Property[key.name="delay"]',
  message: `${RXJS.message.slice(0, -1)}; retries are states, too.`,
};

export default defineConfig(
  { ignores: ['**/dist/', '**/coverage/', '**/data/'] },
  { linterOptions: { reportUnusedDisableDirectives: 'error' } },
  {
    name: 'everything typed',
    files: TYPESCRIPT,
    extends: [tseslint.configs.strictTypeChecked, tseslint.configs.stylisticTypeChecked],
    languageOptions: {
      parserOptions: {
        projectService: true,
        tsconfigRootDir: new URL('../..', import.meta.url).pathname,
        // The same for every file: a difference would make the types be read anew for each.
        extraFileExtensions: ['.vue'],
      },
    },
    rules: {
      '@typescript-eslint/switch-exhaustiveness-check': [
        'error',
        { considerDefaultExhaustiveForUnions: true },
      ],
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/restrict-template-expressions': [
        'error',
        { allowNumber: true, allowBoolean: true },
      ],
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
      // `() => stop()` says what it does as well as a block would.
      '@typescript-eslint/no-confusing-void-expression': [
        'error',
        { ignoreArrowShorthand: true, ignoreVoidOperator: true },
      ],
      // `while (true)` with a break in the middle is the plain form of a read loop.
      '@typescript-eslint/no-unnecessary-condition': [
        'error',
        { allowConstantLoopConditions: 'only-allowed-literals' },
      ],
      // `void promise` marks a promise whose errors are handled elsewhere; `async` listeners are caught by the rule itself.
      '@typescript-eslint/no-floating-promises': ['error', { ignoreVoid: true }],
      // Overloads that differ in meaning read better apart.
      '@typescript-eslint/unified-signatures': 'off',
      // Interfaces and types are both good names for a shape; unions need `type` anyway.
      '@typescript-eslint/consistent-type-definitions': 'off',
      // An `async` function without `await` keeps a contract: it throws as a rejection.
      '@typescript-eslint/require-await': 'off',
      // A class with only static members is what sequelize models look like from outside.
      '@typescript-eslint/no-extraneous-class': 'off',
      // Listeners and defaults that do nothing are on purpose; an empty catch is forbidden by its own rule.
      '@typescript-eslint/no-empty-function': 'off',
      // `''` and `0` are often the case meant: `||` is then right, and the type tells.
      '@typescript-eslint/prefer-nullish-coalescing': [
        'error',
        { ignorePrimitives: { string: true, number: true } },
      ],
    },
  },
  {
    name: 'components',
    files: COMPONENTS,
    extends: [vue.configs['flat/recommended']],
    languageOptions: { parser: vueParser, parserOptions: { parser: tseslint.parser } },
    rules: {
      'vue/block-lang': ['error', { script: { lang: 'ts' } }],
      'vue/block-order': ['error', { order: ['script', 'template', 'style'] }],
      'vue/component-api-style': ['error', ['script-setup']],
      'vue/define-macros-order': 'off',
      'vue/no-unused-refs': 'error',
      'vue/no-useless-mustaches': 'error',
      // What others send is text, never markup.
      'vue/no-v-html': 'error',
      // The content policy drops it; `:style` with an object is set by script, which is allowed.
      'vue/no-static-inline-styles': 'error',
      // The formatter's.
      'vue/html-closing-bracket-newline': 'off',
      'vue/html-indent': 'off',
      'vue/html-self-closing': 'off',
      'vue/max-attributes-per-line': 'off',
      'vue/multiline-html-element-content-newline': 'off',
      'vue/singleline-html-element-content-newline': 'off',
      'vue/first-attribute-linebreak': 'off',
      // Absent is undefined, and the types say so.
      'vue/require-default-prop': 'off',
      // The types of template refs and of other components are known to vue-tsc alone; `any` itself stays forbidden.
      '@typescript-eslint/no-unsafe-argument': 'off',
      '@typescript-eslint/no-unsafe-assignment': 'off',
      '@typescript-eslint/no-unsafe-call': 'off',
      '@typescript-eslint/no-unsafe-member-access': 'off',
      '@typescript-eslint/no-unsafe-return': 'off',
    },
  },
  {
    name: 'composables answer with functions, which know no `this`',
    files: ['ui/**/*.ts', 'ui/**/*.vue'],
    rules: { '@typescript-eslint/unbound-method': 'off' },
  },
  {
    name: 'everything',
    files: [...TYPESCRIPT, ...SCRIPTS],
    rules: {
      eqeqeq: 'error',
      'no-var': 'error',
      'prefer-const': 'error',
      'no-empty': ['error', { allowEmptyCatch: false }],
      'no-restricted-syntax': ['error', ...SYNTAX_EVERYWHERE, NO_DEFAULT_EXPORT],
    },
  },
  {
    name: 'services take their environment from the configuration',
    files: ['services/**', 'machines/**', 'protocol/**', 'ui/**'],
    rules: {
      'no-restricted-properties': ['error', ENVIRONMENT, CONSOLE],
      'no-restricted-imports': [
        'error',
        { paths: [{ name: 'node:process', message: 'Use the global `process`.' }] },
      ],
    },
  },
  {
    name: 'services leave timers to machines',
    files: ['services/**'],
    rules: {
      'no-restricted-syntax': ['error', ...SYNTAX_EVERYWHERE, NO_DEFAULT_EXPORT, RETRY_WITH_DELAY],
      'no-restricted-imports': [
        'error',
        {
          paths: [
            { name: 'rxjs', ...RXJS },
            { name: 'rxjs/operators', ...RXJS },
            { name: 'node:process', message: 'Use the global `process`.' },
          ],
        },
      ],
    },
  },
  {
    name: 'protocol and machines are pure',
    files: ['protocol/**', 'machines/**'],
    rules: {
      'no-restricted-syntax': [
        'error',
        ...SYNTAX_EVERYWHERE,
        NO_DEFAULT_EXPORT,
        ...NO_PROMISES,
        {
          selector:
            'NewExpression[callee.name="Date"][arguments.length=0], CallExpression[callee.name="Date"]',
          message: CLOCK,
        },
      ],
      'no-restricted-globals': [
        'error',
        ...[
          'setTimeout',
          'setInterval',
          'setImmediate',
          'queueMicrotask',
          'performance',
          'process',
          'crypto',
        ].map((name) => ({
          name,
          message: CLOCK,
        })),
      ],
      'no-restricted-properties': [
        'error',
        ENVIRONMENT,
        CONSOLE,
        { object: 'Date', property: 'now', message: CLOCK },
        { object: 'Math', property: 'random', message: CLOCK },
        { object: 'performance', property: 'now', message: CLOCK },
        { object: 'process', property: 'nextTick', message: CLOCK },
        ...[
          'setTimeout',
          'setInterval',
          'setImmediate',
          'queueMicrotask',
          'performance',
          'Promise',
          'Date',
          'crypto',
        ].map((property) => ({ object: 'globalThis', property, message: CLOCK })),
      ],
    },
  },
  {
    name: 'the configuration reads the environment',
    files: ['services/config.ts'],
    rules: { 'no-restricted-properties': ['error', CONSOLE] },
  },
  {
    name: 'the command line prints',
    files: ['services/cli.ts'],
    rules: { 'no-restricted-properties': ['error', ENVIRONMENT] },
  },
  {
    name: 'launcher and tests do as they need',
    files: ['services/launch.mjs', 'services/install.mjs', 'services/buildDashboard.mjs', 'test/**'],
    rules: { 'no-restricted-properties': 'off' },
  },
  {
    name: 'tools want their configuration as the default export, and components have no other',
    files: ['**/*.config.{ts,js,mjs}', 'ui/components.d.ts', '**/*.vue'],
    rules: { 'no-restricted-syntax': ['error', ...SYNTAX_EVERYWHERE] },
  },
  {
    name: 'tests',
    files: ['test/**/*.ts'],
    rules: {
      // Expectations on methods (`expect(x.close)`) never call them unbound.
      '@typescript-eslint/unbound-method': 'off',
      // vitest's matchers (`expect.any`) are typed `any`.
      '@typescript-eslint/no-unsafe-assignment': 'off',
    },
  },
);
