// Owns the start of the dashboard in a browser.

import { createApp } from 'vue';
import App from './App.vue';
import { router } from './router.ts';
import { applyTheme } from './theme/useTheme.ts';
import './theme.css';

applyTheme();
createApp(App).use(router).mount('#app');
