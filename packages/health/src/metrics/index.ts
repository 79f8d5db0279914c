// Health as metrics. The Prometheus text is served at /health/metrics; this is for OpenTelemetry.

export {
  type InstrumentOptions,
  type Meter,
  type ObservableInstrument,
  type Observation,
  observeHealth,
} from './observe-health.ts';
