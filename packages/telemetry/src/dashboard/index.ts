// Widgets over rollups, cached.
export { createDashboardData } from './create-dashboard-data.ts';
export type {
  DashboardData,
  DashboardReadOptions,
  DashboardStats,
  WidgetAnswer,
  WidgetFailure,
  WidgetRequest,
} from './dashboard-data.ts';
export type { DashboardEvent } from './dashboard-event.ts';
export { DashboardClosedError, WidgetUnavailableError } from './errors.ts';
export type { DashboardCacheOptions, DashboardOptions } from './options.ts';
export type {
  DashboardMetrics,
  LoadContext,
  LoadWidget,
  QueryWidget,
  WidgetContext,
  WidgetData,
  WidgetParams,
  Widgets,
} from './widget.ts';
