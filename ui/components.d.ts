// What a .vue file is to tools that do not read it; vue-tsc reads the file itself.

declare module '*.vue' {
  import type { DefineComponent } from 'vue';
  export const component: DefineComponent;
  export default component;
}
