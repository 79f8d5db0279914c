import type { Alert } from '../alert.ts';
import type { Told } from '../notify/group.ts';
import type { NotifySettings } from '../notify/notify-settings.ts';
import type { Series } from '../series.ts';
import type { Silence } from '../silence.ts';
import type { StoredDocument } from '../store.ts';
import type { ComposeContext } from './compose-messages.ts';
import type { SeriesEntry } from './series-book.ts';
import type { StepContext } from './step-series.ts';

/** What a draft is made from. */
export interface DraftInput extends StepContext {
  readonly documents: ReadonlyMap<string, StoredDocument>;
  /** Keys that were read, whether there are such documents or not. */
  readonly asked: ReadonlySet<string>;
  readonly due: readonly StoredDocument[];
  readonly entries: readonly SeriesEntry[];
  readonly alerts: readonly Alert[];
  readonly silences: readonly Silence[];
  readonly settings: NotifySettings;
  readonly compose: ComposeContext;
  readonly replica: string;
  /** Of this commit. */
  readonly number: number;
  entryOf(series: Series): SeriesEntry | undefined;
  /** Channels that know of an alert by other ways; `'ended'`: they know of its end too. */
  told(alertId: string): Told | 'ended' | undefined;
  /** False where nobody may be told of another alert of this series yet. */
  mayTell(docKey: string): boolean;
}
