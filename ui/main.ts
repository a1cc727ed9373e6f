// Owns the start of the dashboard in a browser.

import { createApp } from 'vue';
import { watchAttendance } from './api/attendance.ts';
import App from './App.vue';
import { router } from './router.ts';
import { applyTheme } from './theme/useTheme.ts';
import './theme.css';

applyTheme();
watchAttendance(window);
createApp(App).use(router).mount('#app');
