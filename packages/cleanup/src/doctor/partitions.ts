import type { Case, Examination } from './examination.ts';
import { finding } from './finding.ts';
import { found } from './subjects.ts';

/** Partitions whose detaching was cut off between its two transactions. */
export function examinePartitions({ subjects }: Case): Examination {
  return {
    of: 'the partitions',
    async examine(query) {
      const roots = found(subjects).filter(({ facts }) => facts.kind === 'p');
      if (roots.length === 0) return [];
      const rows = await query(
        `select
           r.oid::text as root,
           format('%I.%I', pn.nspname, p.relname) as parent,
           format('%I.%I', cn.nspname, c.relname) as child
         from unnest($1::oid[]) r (oid)
         join pg_inherits i on i.inhdetachpending
           and i.inhparent in (select t.relid from pg_partition_tree(r.oid::regclass) t)
         join pg_class p on p.oid = i.inhparent
         join pg_namespace pn on pn.oid = p.relnamespace
         join pg_class c on c.oid = i.inhrelid
         join pg_namespace cn on cn.oid = c.relnamespace
         order by c.oid`,
        [roots.map(({ facts }) => facts.oid)],
      );
      return rows.map((row) => {
        const [parent, child] = [row['parent'] ?? '', row['child'] ?? ''];
        const of = roots.filter(({ facts }) => facts.oid === row['root']);
        const isDropping = of.some(({ settings }) => settings.outcome.type === 'drop-partitions');
        return finding({
          code: 'unfinished-detach',
          severity: 'warn',
          policies: of.map(({ policy }) => policy),
          table: child,
          message: `${child} is half detached from ${parent}: its rows are not seen through ${parent} any more, and it takes up its bounds`,
          remedy: isDropping
            ? 'The next run that drops partitions finishes it; or finish it by hand'
            : 'Finish it',
          sql: [`alter table ${parent} detach partition ${child} finalize`],
        });
      });
    },
  };
}
