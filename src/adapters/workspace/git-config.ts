export interface GitSetting {
  /** `section.key` or `section.subsection.key`; section and key in lower case. */
  readonly name: string;
  readonly value: string;
}

/**
 * The settings of one git configuration file. Includes are not followed and nothing is run: a few values say how the
 * repository is laid out, and these are all that anyone asks for. Source: git-config(1) "CONFIGURATION FILE".
 */
export function parseGitConfig(text: string): GitSetting[] {
  const settings: GitSetting[] = [];
  let section = '';
  for (const line of text.replace(/\\\r?\n/g, '').split(/\r?\n/)) {
    let rest = line.trim();
    const head = /^\[\s*([A-Za-z0-9.-]+)\s*(?:"((?:[^"\\]|\\.)*)")?\s*\]/.exec(rest);
    if (head !== null) {
      const sub = head[2]?.replace(/\\(.)/g, '$1');
      section = (head[1] ?? '').toLowerCase() + (sub === undefined ? '' : `.${sub}`);
      rest = rest.slice(head[0].length).trim();
    }
    const pair = /^([A-Za-z][A-Za-z0-9-]*)\s*(?:=\s*(.*))?$/.exec(rest);
    if (pair === null) continue;
    settings.push({
      name: `${section}.${(pair[1] ?? '').toLowerCase()}`,
      // A key without a value means true.
      value: pair[2] === undefined ? 'true' : plainValue(pair[2]),
    });
  }
  return settings;
}

function plainValue(raw: string): string {
  let value = '';
  let quoted = false;
  for (let i = 0; i < raw.length; i += 1) {
    const char = raw[i] ?? '';
    if (char === '"') quoted = !quoted;
    else if (char === '\\') {
      i += 1;
      value += raw[i] ?? '';
    } else if (!quoted && (char === '#' || char === ';')) break;
    else value += char;
  }
  return value.trim();
}
