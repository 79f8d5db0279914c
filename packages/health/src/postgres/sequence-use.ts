/** How far a sequence has got. Numbers that may be beyond 2^53 are text. */
export interface SequenceUse {
  /** Schema and name, quoted where needed. */
  readonly name: string;
  /** The narrowest column filled from it; null when there is none of an integer type. */
  readonly column: string | null;
  readonly isColumnNarrower: boolean;
  readonly last: string | null;
  /** The last value it can give. */
  readonly end: string;
  readonly left: string | null;
  /** From 0; more than 1 when it is past what its column takes. Null when it may not be read. */
  readonly used: number | null;
  /** Of all sequences, those that may not be read. The same in each row. */
  readonly hiddenCount: number;
}

/**
 * The fullest sequences first; `$1` is how many. A sequence belongs to a column that owns it (`a`:
 * serial, `i`: identity) or whose default calls `nextval` with it as a constant.
 *
 * The value is asked for where that cannot fail: before PostgreSQL 17 it is an error without the
 * privilege, and for an unlogged sequence on a replica. A `case` is evaluated in its order.
 *
 * A lower bound below 0 counts as 0 for a sequence that starts above: nothing between was given.
 */
export const SELECT_SEQUENCES: string = `
  with filled as (
    select d.objid as sequence, d.refobjid as relation, d.refobjsubid as attribute
    from pg_depend as d
    where d.classid = 'pg_class'::regclass
      and d.refclassid = 'pg_class'::regclass
      and d.deptype in ('a', 'i')
      and d.refobjsubid > 0
    union
    select d.refobjid, a.adrelid, a.adnum
    from pg_depend as d
    join pg_attrdef as a on a.oid = d.objid
    where d.classid = 'pg_attrdef'::regclass
      and d.refclassid = 'pg_class'::regclass
  ), sized as (
    select f.sequence, format('%I.%I.%I', n.nspname, c.relname, a.attname) as name,
      case coalesce(nullif(t.typbasetype, 0), t.oid)
        when 'int2'::regtype then 32767::numeric
        when 'int4'::regtype then 2147483647
        when 'int8'::regtype then 9223372036854775807
      end as most
    from filled as f
    join pg_class as c on c.oid = f.relation
    join pg_namespace as n on n.oid = c.relnamespace
    join pg_attribute as a on a.attrelid = f.relation and a.attnum = f.attribute
    join pg_type as t on t.oid = a.atttypid
  ), narrowest as (
    select distinct on (sequence) sequence, name, most
    from sized
    where most is not null
    order by sequence, most, name
  ), bounded as materialized (
    select format('%I.%I', n.nspname, c.relname) as name, w.name as column,
      s.seqincrement as step, s.seqcycle as cycles, s.seqstart as start,
      s.seqmin as own_least, s.seqmax as own_most,
      greatest(s.seqmin, -w.most - 1) as least, least(s.seqmax, w.most) as most,
      has_sequence_privilege(c.oid, 'select, usage') as readable,
      case
        when not has_sequence_privilege(c.oid, 'select, usage') then null
        else pg_sequence_last_value(c.oid)
      end::numeric as last
    from pg_sequence as s
    join pg_class as c on c.oid = s.seqrelid
    join pg_namespace as n on n.oid = c.relnamespace
    left join narrowest as w on w.sequence = s.seqrelid
    where c.relpersistence <> 't'
      and (c.relpersistence <> 'u' or not pg_is_in_recovery())
  ), directed as (
    select *,
      case when step > 0 then most else least end as end,
      case
        when step < 0 then most
        when least < 0 and start >= 0 then 0
        else least
      end as begin
    from bounded
    where not (cycles and least = own_least and most = own_most)
  )
  select name, "column",
    case when step > 0 then most < own_most else least > own_least end as "isColumnNarrower",
    last::text as last,
    "end"::text as "end",
    greatest(0, trunc(("end" - last) / step))::text as left,
    case
      when not readable then null
      when last is null then 0
      else greatest(0, (last - begin) / nullif("end" - begin, 0))
    end::double precision as used,
    count(*) filter (where not readable) over () as "hiddenCount"
  from directed
  order by used desc nulls last, name
  limit $1::integer`;
