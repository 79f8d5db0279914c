-- Cleanup walks the events from the oldest on; none of the indexes above leads with the time.
create index concurrently idx_app_events_created_at
  on app_events (created_at);
