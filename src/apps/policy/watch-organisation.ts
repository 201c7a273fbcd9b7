import type { PolicyLayer, Reloaded } from '../../ports/policy-layers.ts';
import { showProblem } from '../../ports/policy-layers.ts';
import type { LayerSource } from './organisation.ts';

export interface WatchOptions {
  readonly source: LayerSource;
  /** Puts the organisation's layer in the place of the last one, among the other layers. */
  reload(layer: PolicyLayer): Promise<Reloaded>;
  /** For the operator: once for each new trouble, and once where it is over. */
  report(what: string): void;
  /** Instead of the source's own pace. */
  readonly everyMs?: number;
}

export interface Watch {
  /** Looks now, e.g. since a person asked for it; also while the timer runs. `true`: another policy came into force. */
  check(): Promise<boolean>;
  /** Why the last look changed nothing although something is there; `undefined` where all is well. */
  readonly trouble: string | undefined;
  /** Ends the timer, closes the source and waits for a look that is under way. */
  close(): Promise<void>;
}

/** Looks for another state of the organisation's policy now and then. What is refused leaves the last good one in force. */
export function watchOrganisation(options: WatchOptions): Watch {
  return new Watching(options);
}

class Watching implements Watch {
  /** Of the last candidate: it stays true until the next one. */
  #unfit: string | undefined;
  /** Of the last look. */
  #away: string | undefined;
  readonly #options: WatchOptions;
  readonly #timer: NodeJS.Timeout;
  /** Looks go one after another; each link settles, none rejects. */
  #line: Promise<boolean> = Promise.resolve(false);
  #isWaiting = false;
  #isClosed = false;

  constructor(options: WatchOptions) {
    this.#options = options;
    this.#timer = setInterval(() => {
      // A slow look must not gather others behind it.
      if (!this.#isWaiting) void this.check();
    }, options.everyMs ?? options.source.everyMs);
    this.#timer.unref();
  }

  get trouble(): string | undefined {
    const all = [this.#unfit, this.#away].filter((one) => one !== undefined);
    return all.length === 0 ? undefined : all.join('; ');
  }

  check(): Promise<boolean> {
    if (this.#isClosed) return Promise.resolve(false);
    this.#isWaiting = true;
    const mine = this.#line.then(() => this.#look());
    this.#line = mine;
    return mine;
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    clearInterval(this.#timer);
    // First, so that a download that hangs is cut off.
    await this.#options.source.close();
    await this.#line;
  }

  async #look(): Promise<boolean> {
    try {
      if (this.#isClosed) return false;
      const next = await this.#options.source.next();
      if (this.#isClosed) return false;
      switch (next.kind) {
        case 'same':
          this.#say({ away: undefined });
          return false;
        case 'refused':
          this.#say({ away: `the organisation's policy was not renewed, the last good one stays: ${next.why}` });
          return false;
        case 'new': {
          const { layer, accepted } = next.candidate;
          const loaded = await this.#options.reload(layer);
          if (loaded.ok) {
            this.#say({ away: undefined, unfit: await accepted() });
            return true;
          }
          const why = loaded.problems.map(showProblem).join('; ');
          this.#say({
            away: undefined,
            unfit: `the organisation's new policy is refused and the last good one stays: ${why}`,
          });
          return false;
        }
        default: {
          const never: never = next;
          throw new Error(`no such answer ${JSON.stringify(never)}`);
        }
      }
    } catch (error) {
      this.#say({
        away: `the organisation's policy was not renewed: ${error instanceof Error ? error.message : String(error)}`,
      });
      return false;
    } finally {
      this.#isWaiting = false;
    }
  }

  #say(now: { readonly away: string | undefined; readonly unfit?: string | undefined }): void {
    const before = this.trouble;
    this.#away = now.away;
    if ('unfit' in now) this.#unfit = now.unfit;
    const { trouble } = this;
    if (trouble !== before) this.#options.report(trouble ?? "the organisation's policy is as it should be again");
  }
}
