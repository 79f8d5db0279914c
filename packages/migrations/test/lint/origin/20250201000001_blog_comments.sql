create table if not exists blog_comments (
  id bigint generated always as identity primary key,
  body text not null
);
