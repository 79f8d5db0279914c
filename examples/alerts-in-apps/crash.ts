// Ends with 1, after it has told why: node crash.ts [rejection]
import process from 'node:process';
import { ownAlerts } from './own-alerts.ts';
import { reportCrashes } from './report-crashes.ts';

reportCrashes(ownAlerts(), process);
setInterval(() => {}, 1_000);
if (process.argv[2] === 'rejection') void Promise.reject(new Error('Nobody handles this'));
else throw new Error('Nobody catches this');
