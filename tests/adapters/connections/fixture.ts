import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after } from 'node:test';
import { makeClusterVerifier } from '../../../src/adapters/connections/cluster-verifier.ts';
import type { ConnectionsOptions } from '../../../src/adapters/connections/connections.ts';
import { makeDatabaseVerifier } from '../../../src/adapters/connections/database-verifier.ts';
import { makeSystemClock } from '../../../src/adapters/system-clock/system-clock.ts';
import type { Attempt } from '../../../src/core/attempt.ts';
import { digestOf } from '../../../src/core/digest.ts';
import type { ClusterFact, ConnectionFact } from '../../../src/core/facts.ts';
import type { Tri } from '../../../src/core/tri.ts';
import { declarations } from '../../fakes/declarations.ts';

/** A home, a configuration and a project on disk. */
export class Ground {
  readonly root = realpathSync(mkdtempSync(path.join(tmpdir(), 'holdpoint-connections-')));
  readonly project = path.join(this.root, 'project');
  readonly home = path.join(this.root, 'home');
  readonly config = path.join(this.root, 'config');
  environment: ConnectionsOptions['environment'] = {};
  mayLeaveMachine = false;
  declared: ConnectionsOptions['declared'] = declarations({});

  constructor(files: { readonly [name: string]: string } = {}) {
    after(() => rmSync(this.root, { recursive: true, force: true }));
    for (const folder of [this.project, this.home, this.config]) mkdirSync(folder);
    this.write(files);
  }

  /** Names that begin with `home/` or `config/` lie there, all others in the project. */
  write(files: { readonly [name: string]: string }): this {
    for (const [name, content] of Object.entries(files)) {
      const file = path.join(/^(home|config)\/(?!database)/.test(name) ? this.root : this.project, name);
      mkdirSync(path.dirname(file), { recursive: true });
      writeFileSync(file, content);
    }
    return this;
  }

  options(): ConnectionsOptions {
    return {
      clock: makeSystemClock(),
      declared: this.declared,
      configDir: this.config,
      home: this.home,
      account: 'ann',
      environment: this.environment,
      mayLeaveMachine: this.mayLeaveMachine,
    };
  }

  attempt(text = 'x', kind: Attempt['action']['kind'] = 'shell'): Attempt {
    const where = { door: 'cli', person: 'p', agent: 'a', task: 't', workspace: this.project } as const;
    const action = { kind, bytes: new TextEncoder().encode(text), cwd: this.project };
    return { id: 'i', atMs: 0, ...where, action, key: digestOf('k') };
  }

  async database(loader: string, words: readonly string[] = [], text = 'x'): Promise<Tri<ConnectionFact>> {
    const about = { system: 'database', kind: 'connection', path: [loader, this.project, ...words] };
    const verifier = makeDatabaseVerifier(this.options());
    const signal = new AbortController().signal;
    const { answer } = await verifier.answer({ check: 'environment', about }, this.attempt(text), signal);
    return answer as unknown as Tri<ConnectionFact>;
  }

  async cluster(words: readonly string[] = []): Promise<Tri<ClusterFact>> {
    const about = { system: 'kubernetes', kind: 'connection', path: [this.project, ...words] };
    const verifier = makeClusterVerifier(this.options());
    const signal = new AbortController().signal;
    return (await verifier.answer({ check: 'environment', about }, this.attempt(), signal))
      .answer as unknown as Tri<ClusterFact>;
  }
}
