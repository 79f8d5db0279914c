create table if not exists app_events (
  id bigint generated always as identity primary key,
  event_type text not null
);
