// A read-only view of alerts for people and programs.
export { alertsView, type ViewedAlerts } from './alerts-view.ts';
export type { AlertsViewOptions } from './view-options.ts';
