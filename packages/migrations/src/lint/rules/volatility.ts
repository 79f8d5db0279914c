import type { Node } from 'libpg-query';
import { findAll, type Name, nameOf, showName } from '../ast.ts';
import { type Catalog, lookUp } from '../catalog/catalog.ts';

/**
 * Functions of PostgreSQL that give one value for the whole statement, among those that people write
 * into defaults. Any other function may give each row a value of its own.
 */
export const STEADY: ReadonlySet<string> = new Set(
  `now transaction_timestamp statement_timestamp current_setting timezone to_char to_date to_timestamp
  to_number date_trunc date_part extract date_bin age make_date make_time make_timestamp make_timestamptz
  make_interval justify_days justify_hours justify_interval
  lower upper initcap btrim ltrim rtrim length char_length octet_length substr substring left right
  lpad rpad repeat replace reverse translate concat concat_ws format split_part string_to_array strpos
  position overlay ascii chr encode decode md5 sha256 sha512 quote_ident quote_literal regexp_replace
  abs ceil ceiling floor round trunc mod power sqrt sign div exp ln log pi degrees radians
  to_json to_jsonb json_build_object json_build_array jsonb_build_object jsonb_build_array json_object
  jsonb_object jsonb_set jsonb_strip_nulls array_fill array_append array_prepend array_cat array_remove
  array_length cardinality array_to_string to_tsvector to_tsquery setweight
  int4range int8range numrange daterange tsrange tstzrange lower_inc upper_inc isempty
  current_database current_schema current_user session_user version pg_typeof host network`
    .split(/\s+/)
    .filter((name) => name !== ''),
);

/** Supabase's functions that read who is asking; they are declared stable. */
const STEADY_ELSEWHERE = new Set(['auth.uid', 'auth.role', 'auth.jwt', 'auth.email']);

/** A function in the expression that may give each row a value of its own. */
export function volatileCall(catalog: Catalog, expression: Node | undefined): string | undefined {
  for (const { funcname, args } of findAll(expression, 'FuncCall')) {
    const name = nameOf(funcname);
    // now() takes no arguments, so with some it is a function of somebody's own.
    const isOwn = name.name === 'now' && args !== undefined;
    if (isOwn || !isSteady(catalog, name)) return showName(name);
  }
  return undefined;
}

function isSteady(catalog: Catalog, name: Name): boolean {
  const own = lookUp(catalog.routines, catalog, name);
  if (own) return !own.isVolatile;
  if (STEADY_ELSEWHERE.has(showName(name))) return true;
  return (name.schema ?? 'pg_catalog') === 'pg_catalog' && STEADY.has(name.name);
}
