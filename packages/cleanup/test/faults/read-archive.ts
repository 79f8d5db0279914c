import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gunzipSync, zstdDecompressSync } from 'node:zlib';
import type pg from 'pg';

/** Rows of archive files, as the manifest says where they are. */
interface ArchiveContents {
  /** By table: each row's texts by column, as JSON objects. */
  readonly rows: Readonly<Record<string, readonly object[]>>;
  /** What does not match the manifest. */
  readonly wrong: readonly string[];
}

interface Entry {
  readonly uri: string;
  readonly table_name: string;
  readonly row_count: string;
  readonly byte_offset: string;
  readonly byte_count: string;
  readonly sha256: string;
}

const SUFFIX = '.open';

/**
 * Reads every file of the manifest whole, piece by piece. Written without the code that it is to
 * check. A piece that was checked before is read again: it must not have changed.
 */
export async function readArchive(client: pg.Client, directory: string): Promise<ArchiveContents> {
  const { rows: entries } = await client.query<Entry>(
    `select uri, table_name, row_count::text, byte_offset::text, byte_count::text, sha256
     from ops_cleanup.manifest
     where kind = 'file'
     order by uri, manifest.byte_offset`,
  );
  const rows: Record<string, object[]> = {};
  const wrong: string[] = [];
  const names = new Set(await readdir(directory));
  for (const [uri, pieces] of Map.groupBy(entries, (entry) => entry.uri)) {
    const name = basename(fileURLToPath(uri));
    const found = [name, `${name}${SUFFIX}`].find((each) => names.has(each));
    if (found === undefined) {
      wrong.push(`${name}: the file is not there`);
      continue;
    }
    const bytes = await readFile(join(directory, found));
    let end = 0;
    for (const piece of pieces) {
      if (Number(piece.byte_offset) !== end)
        wrong.push(`${name}: a gap before ${piece.byte_offset}`);
      end = Number(piece.byte_offset) + Number(piece.byte_count);
      const content = readPiece(bytes.subarray(Number(piece.byte_offset), end), piece);
      if (typeof content === 'string') wrong.push(`${name} at ${piece.byte_offset}: ${content}`);
      else (rows[piece.table_name] ??= []).push(...content);
    }
    if (found === name && bytes.length !== end) {
      wrong.push(`${name}: complete, with ${bytes.length - end} bytes that nobody committed`);
    }
  }
  return { rows, wrong };
}

/** Its rows, or what is wrong with it. */
function readPiece(bytes: Buffer, entry: Entry): readonly object[] | string {
  if (bytes.length !== Number(entry.byte_count)) {
    return `${bytes.length} bytes, ${entry.byte_count} in the manifest`;
  }
  const sum = createHash('sha256').update(bytes).digest('hex');
  if (sum !== entry.sha256) return 'another checksum than in the manifest';
  const [header = '', ...lines] = decompress(bytes).toString().trimEnd().split('\n');
  const { columns } = JSON.parse(header) as { columns: readonly { readonly name: string }[] };
  if (lines.length !== Number(entry.row_count)) {
    return `${lines.length} rows, ${entry.row_count} in the manifest`;
  }
  return lines.map((line) => {
    const texts = JSON.parse(line) as readonly unknown[];
    return Object.fromEntries(columns.map(({ name }, index) => [name, texts[index]]));
  });
}

function decompress(bytes: Buffer): Buffer {
  if (bytes[0] === 0x1f) return gunzipSync(bytes);
  return bytes[0] === 0x28 ? zstdDecompressSync(bytes) : bytes;
}

/** Files that are not in the manifest, or not complete: when nothing has been under way since, there are none. */
export async function strayFiles(client: pg.Client, directory: string): Promise<readonly string[]> {
  const { rows } = await client.query<{ uri: string }>(
    `select distinct uri from ops_cleanup.manifest where kind = 'file'`,
  );
  const listed = new Set(rows.map(({ uri }) => basename(fileURLToPath(uri))));
  return (await readdir(directory)).filter((name) => !listed.has(name));
}
