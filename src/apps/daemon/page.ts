import { randomBytes, timingSafeEqual } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import type { HoldView } from './service.ts';

export interface PageSource {
  holds(all: boolean): Promise<readonly HoldView[]>;
  show(id: string): Promise<HoldView | undefined>;
  status(): Promise<{ readonly mode: string; readonly trust: string; readonly log: { readonly size: number } }>;
}

/** The page for people: it shows, and can do nothing. `url` carries a secret, since every account reaches loopback. */
export interface Page {
  readonly server: Server;
  url(port: number): string;
}

// Greys and marks have a contrast of at least 4.5 to 1 on either background (WCAG 2.2, 1.4.3).
const STYLE = `:root{color-scheme:light dark;--quiet:light-dark(#5c5c5c,#a8a8a8);font:16px/1.5 system-ui,sans-serif}
body{max-width:56rem;margin:1.5rem auto;padding:0 1rem}header{display:flex;flex-wrap:wrap;gap:0 1rem;align-items:baseline}
h1{font-size:1.4rem;margin:.3rem 0}h2{font-size:1.15rem;line-height:1.35;margin:.2rem 0 .6rem;overflow-wrap:anywhere}
article{border:1px solid #8886;border-left:.3rem solid #8886;border-radius:.5rem;padding:.8rem 1rem 1rem;margin:1rem 0}
article.open{border-left-color:light-dark(#b45309,#f5c26b)}.state{color:var(--quiet);margin:0}
dl{display:grid;grid-template-columns:8rem 1fr;gap:.35rem .75rem;margin:0}dt{color:var(--quiet)}dd{margin:0;overflow-wrap:anywhere}
ul{margin:0;padding-left:1.1rem}ul.checks{list-style:none;padding:0}ul.checks li{padding-left:1.3rem;text-indent:-1.3rem}
pre{white-space:pre-wrap;overflow-wrap:anywhere;background:#8882;padding:.6rem;border-radius:.3rem;margin:0}
mark{background:#f5c26b;color:#000}.mark{display:inline-block;width:1.3rem;text-indent:0;font-weight:700}
.bad{color:light-dark(#b3261e,#ff9a91)}.good{color:light-dark(#1b6e3c,#7fd6a0)}
footer{color:var(--quiet);font-size:.9rem;margin:1.5rem 0}code{font-size:.95em;overflow-wrap:anywhere}a{color:inherit}
@media(max-width:40rem){body{padding:0 .6rem}dl{grid-template-columns:1fr;gap:0}dt{margin-top:.5rem;font-size:.9rem}}`;

/** What a mark says to those who do not see it. */
const MARKS = { '✓': 'speaks for it', '✗': 'speaks against it', '?': 'not known' } as const;

export function makePage(source: PageSource): Page {
  const secret = randomBytes(24).toString('base64url');
  const server = createServer((request, response) => {
    const headers = {
      'content-type': 'text/html; charset=utf-8',
      'content-security-policy':
        "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
      'referrer-policy': 'no-referrer',
      'cache-control': 'no-store',
      'x-content-type-options': 'nosniff',
    };
    const refuse = (status: number, text: string): void => {
      response.writeHead(status, { ...headers, 'content-type': 'text/plain; charset=utf-8' }).end(`${text}\n`);
    };
    // SECURITY: a page elsewhere that rebinds its name to loopback comes with another Host.
    const host = (request.headers.host ?? '').replace(/:\d+$/, '');
    if (host !== '127.0.0.1' && host !== 'localhost') return refuse(421, 'not this host');
    if (request.method !== 'GET') return refuse(405, 'this page only shows; approve on the command line');
    const [, given = '', section = '', id = ''] = (request.url ?? '').split('?')[0]?.split('/') ?? [];
    const a = Buffer.from(given);
    const b = Buffer.from(secret);
    if (a.length !== b.length || !timingSafeEqual(a, b))
      return refuse(404, 'not found; `holdpoint status` prints the address');
    body(source, section, id).then(
      (html) => (html === undefined ? refuse(404, 'not found') : response.writeHead(200, headers).end(html)),
      () => refuse(500, 'cannot show this now; see `holdpoint status`'),
    );
  });
  return { server, url: (port) => `http://127.0.0.1:${port}/${secret}/` };
}

async function body(source: PageSource, section: string, id: string): Promise<string | undefined> {
  if (section === 'holds' && id !== '') {
    const hold = await source.show(id);
    return hold === undefined ? undefined : document(`Hold ${hold.id}`, '../', 'all that waits', article(hold, ''), '');
  }
  if (section !== '' && section !== 'all') return undefined;
  const holds = await source.holds(section === 'all');
  const status = await source.status();
  const all = section === 'all';
  const list =
    holds.length === 0
      ? `<p>${all ? 'No holds yet.' : 'Nothing waits.'}</p>`
      : holds.map((hold) => article(hold, 'holds/')).join('\n');
  const trust =
    status.trust === 'advisory'
      ? 'advisory: the agent’s own account could tamper with this installation'
      : 'separate account';
  const records = `${status.log.size} record${status.log.size === 1 ? '' : 's'} in the log`;
  return document(
    'Holds',
    all ? './' : 'all',
    all ? 'only what waits' : 'also what is over',
    list,
    `<footer>Mode ${escapeHtml(status.mode)} · ${escapeHtml(trust)} · ${records} · this page only shows</footer>`,
  );
}

function document(title: string, link: string, linkText: string, main: string, footer: string): string {
  return `<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><meta http-equiv="refresh" content="5"><title>Holdpoint: ${escapeHtml(title)}</title><style>${STYLE}</style></head><body><header><h1>${escapeHtml(title)}</h1><a href="${escapeHtml(link)}">${escapeHtml(linkText)}</a></header><main>${main}</main>${footer}</body></html>`;
}

/** `folder`: where one hold has its page, seen from here; empty on that page itself. */
function article(hold: HoldView, folder: string): string {
  const { card } = hold;
  const code = `<code>${escapeHtml(hold.id)}</code>`;
  const name = folder === '' ? code : `<a href="${folder}${escapeHtml(hold.id)}">${code}</a>`;
  const row = (label: string, html: string): string =>
    html === '' ? '' : `<dt>${escapeHtml(label)}</dt><dd>${html}</dd>`;
  const list = (items: readonly string[]): string =>
    items.length === 0 ? '' : `<ul>${items.map((item) => `<li>${escapeHtml(item)}</li>`).join('')}</ul>`;
  const checks = card.checks.map(
    (one) =>
      `<li><span class="mark ${one.mark === '✓' ? 'good' : 'bad'}" role="img" aria-label="${MARKS[one.mark]}">${one.mark}</span>${escapeHtml(one.text)}</li>`,
  );
  const seconds = Math.max(0, Math.round((hold.expiresAtMs - Date.now()) / 1000));
  const left =
    hold.state === 'open' || hold.state === 'approved'
      ? ` · ${Math.floor(seconds / 60)} min ${seconds % 60} s left`
      : '';
  const sign =
    hold.state !== 'open'
      ? ''
      : card.fits
        ? `<code>holdpoint approve ${escapeHtml(hold.id)}</code> or <code>holdpoint deny ${escapeHtml(hold.id)} --say "…"</code>`
        : 'cannot be signed: it does more than a card can show';
  return `<article class="${escapeHtml(hold.state)}"><p class="state">${name} · ${escapeHtml(hold.state)}${left}</p><h2>${escapeHtml(card.sentence)}</h2><dl>
${row('Action', `<pre>${escapeHtml(card.action.before)}<mark>${escapeHtml(card.action.danger)}</mark>${escapeHtml(card.action.after)}</pre>`)}
${row('Environment', escapeHtml(card.environment))}${row('Targets', list(card.targets))}
${row('Checked', checks.length === 0 ? '' : `<ul class="checks">${checks.join('')}</ul>`)}
${row('Reversal', escapeHtml(card.reversal))}${row('Safeguard', list(card.safeguards))}
${row('Why held', list(card.rules.map((one) => `${one.reason} (${one.rule})`)))}
${row('Who asks', escapeHtml(card.asks))}${row('Agent says', card.statedPurpose === undefined ? '' : `“${escapeHtml(card.statedPurpose)}” (its own words, not checked)`)}
${row('Said', hold.say === undefined ? '' : escapeHtml(hold.say))}${row('Signed by', escapeHtml(hold.signers.map((one) => `${one.name} (${one.presence})`).join(', ')))}
${row('To answer', sign)}</dl></article>`;
}

function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (char) => `&#${char.charCodeAt(0)};`);
}
