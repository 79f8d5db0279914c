/*
 * A HyperLogLog as its planes: bit r of plane k is set when register r has a rank of at least k. The
 * union of two is the `or` of their planes, and how many registers have at least rank k is a count of
 * bits, so thirty sketches of 16,384 registers are merged in milliseconds, without taking a register
 * in hand. Few values stay entries, which take less room and are added at once: a stored sketch is the
 * union of both.
 */
import { RANK_BITS, registerOf } from './hyperloglog.ts';

/** So many registers stay entries: 1 kB. A rollup by workflow and hour has a sketch for every few rows. */
export const FEW_ENTRIES = 256;

/** A sketch as two SQL expressions: `int4[]` and `bit varying[]`, neither null. */
export interface StoredSketch {
  readonly entries: string;
  readonly planes: string;
}

/** SQL of the entries with the highest rank of each register; null of none. */
export function compactEntries(entries: string): string {
  return `(
      select array_agg(e)
      from (
        select max(e) as e
        from unnest(${entries}) u (e)
        where e is not null
        group by ${registerOf('e')}
      ) m
    )`;
}

/**
 * SQL of the planes that entries make; null of none. Bits are gathered into words of 32, which are
 * written as hexadecimal digits: 45 ms for 16,384 registers, where a `bit_or` of `set_bit`, which
 * copies a plane for each bit, takes 370. More than {@link FEW_ENTRIES} entries need 16 words or more.
 */
export function planesOf(entries: string, precision: number): string {
  const [register, rank] = [registerOf('e'), rankOf('e')];
  return `(
      select array_agg(plane order by rank)
      from (
        select rank, ('x' || string_agg(lpad(to_hex(coalesce(bits, 0)), 8, '0'), '' order by word))::bit varying as plane
        from (
          select generate_series(1, max(${rank})) as rank
          from unnest(${entries}) u (e)
        ) r
        cross join generate_series(0, ${2 ** precision / 32 - 1}) word
        left join (
          select s.rank, (${register}) >> 5 as word, bit_or((1::int8 << 31) >> (${register} & 31)) as bits
          from unnest(${entries}) u (e)
          cross join lateral generate_series(1, ${rank}) s (rank)
          group by 1, 2
        ) w using (rank, word)
        group by rank
      ) p
    )`;
}

/** SQL of the planes of two sketches' union. */
function unitePlanes(one: string, other: string): string {
  return `(
      select coalesce(array_agg(coalesce(a.p | b.p, a.p, b.p) order by k), '{}')
      from unnest(${one}) with ordinality a (p, k)
      full join unnest(${other}) with ordinality b (p, k) using (k)
    )`;
}

/** SQL of the rank of an entry. */
function rankOf(entry: string): string {
  return `${entry} & ${2 ** RANK_BITS - 1}`;
}

/** The planes and the single entries of the groups of `keyed`, a table of `gid` and a sketch's columns. */
function unitedTables(keyed: string, { entries, planes }: StoredSketch): string {
  return `
    with united as materialized (
      select k.gid, u.rank, bit_or(u.plane) as plane
      from ${keyed} k
      cross join lateral unnest(${planes}) with ordinality u (plane, rank)
      group by 1, 2
    ), single as materialized (
      select gid, max(e) as e
      from (select k.gid, unnest(${entries}) as e from ${keyed} k) u
      group by 1, ${registerOf('e')}
    )`;
}

/** SQL of `gid, entries, planes`: the union of each group's sketches, to be stored. Null where empty. */
export function unitedSketches(keyed: string, sketch: StoredSketch, precision: number): string {
  return `${unitedTables(keyed, sketch)}
    select gid,
      case when not is_many then entries end as entries,
      case when is_many then ${unitePlanes(`coalesce(planes, '{}')`, planesOf('entries', precision))} else planes end as planes
    from (
      select gid, entries, planes, coalesce(cardinality(entries), 0) > ${FEW_ENTRIES} as is_many
      from (select gid, array_agg(plane order by rank) as planes from united group by 1) p
      full join (select gid, array_agg(e) as entries from single group by 1) e using (gid)
    ) b`;
}

/**
 * SQL of `gid, rank, registers`: how many registers of each group have at least a rank, in up to two
 * rows. The planes are united first; an entry counts at the ranks where its register has no bit yet.
 */
export function registersByLeastRank(keyed: string, sketch: StoredSketch): string {
  return `${unitedTables(keyed, sketch)}
    select gid, rank, bit_count(plane) as registers
    from united
    union all
    select s.gid, r.rank, count(*)
    from single s
    cross join lateral generate_series(1, (${rankOf('s.e')})::int8) r (rank)
    left join united p on p.gid = s.gid and p.rank = r.rank
    where p.plane is null
      or get_bit(p.plane, ${registerOf('s.e')}) = 0
    group by 1, 2`;
}

/** SQL of `entries, planes`: the union of two sketches of a row, to be stored. */
export function unitedPair(one: StoredSketch, other: StoredSketch, precision: number): string {
  const both = `${one.entries} || ${other.entries}`;
  return `
      select
        case when is_many then '{}' else entries end,
        case when is_many then ${unitePlanes('planes', planesOf('entries', precision))} else planes end
      from (
        select
          entries,
          case
            when cardinality(${other.planes}) = 0 then ${one.planes}
            when cardinality(${one.planes}) = 0 then ${other.planes}
            else ${unitePlanes(one.planes, other.planes)}
          end as planes,
          cardinality(entries) > ${FEW_ENTRIES} as is_many
        from (
          select case
            when cardinality(${one.entries}) + cardinality(${other.entries}) <= ${FEW_ENTRIES} then ${both}
            else ${compactEntries(both)}
          end as entries
          offset 0
        ) e
        offset 0
      ) s`;
}
