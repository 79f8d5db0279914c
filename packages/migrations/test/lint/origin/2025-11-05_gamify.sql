create table if not exists badges (id bigint generated always as identity primary key);
