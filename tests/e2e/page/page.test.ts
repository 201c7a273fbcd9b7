import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { chromium } from 'playwright-core';
import { openEngine } from '../../../src/apps/wire.ts';
import { chromiumPath, skipUnless } from '../../platform.ts';

/** Where pictures go, for a look at them: `HOLDPOINT_TEST_SCREENSHOTS=DIR npm test -- tests/e2e/page`. */
const pictures = process.env.HOLDPOINT_TEST_SCREENSHOTS;

test('the page shows a hold and nothing of what its text tries', { skip: skipUnless('chromium') }, async (t) => {
  const folder = realpathSync(mkdtempSync(path.join(tmpdir(), 'hp-page-')));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const [workspace, config, state, runtime] = ['w', 'config', 'state', 'run'].map((name) =>
    path.join(folder, name),
  ) as [string, string, string, string];
  mkdirSync(workspace);
  const opened = await openEngine({
    paths: {
      config,
      state,
      runtime,
      socket: path.join(runtime, 'holdpoint.sock'),
      trust: 'advisory',
      ownerUid: process.getuid?.() ?? 0,
    },
    home: folder,
    person: 'ada',
    version: 'test',
    execCommand: ['holdpoint', 'exec'],
    mode: () => 'enforce',
  });
  assert.ok(opened.ok, opened.ok ? '' : opened.why);
  const { daemon, service } = opened.engine;
  t.after(() => daemon.close());
  // Made and never kept anywhere: what deletes them waits.
  const names = ['<img src=x onerror=document.title=1>', '\u202etxt.exe', 'p\u0430ypal'];
  for (const name of names) writeFileSync(path.join(workspace, name), 'exists nowhere else');
  const hostile = `rm -rf ${names.map((name) => `'${name}'`).join(' ')}`;
  await service.ask(hostile, workspace, '<script>document.title="owned"</script> just tidying', {
    agent: 'agent',
    task: 'page',
    workspace,
  });

  const browser = await chromium.launch({
    executablePath: chromiumPath() ?? '',
    args: ['--no-sandbox', '--disable-gpu', '--no-first-run', '--disable-background-networking', '--disable-sync'],
  });
  t.after(() => browser.close());
  for (const [width, colorScheme] of [
    [1280, 'light'],
    [400, 'dark'],
  ] as const) {
    const page = await browser.newPage({ viewport: { width, height: 900 }, colorScheme });
    const outside: string[] = [];
    page.on('request', (request) => {
      if (!request.url().startsWith(daemon.pageUrl)) outside.push(request.url());
    });
    await page.goto(daemon.pageUrl);
    const text = (await page.locator('body').textContent()) ?? '';
    assert.equal(await page.title(), 'Holdpoint: Holds');
    assert.ok(text.includes('<img src=x onerror=document.title=1>'), text);
    assert.ok(text.includes('\\u{202e}') && !text.includes('\u202e'), 'bidi controls are escaped');
    assert.ok(text.includes('p\\u{430}ypal'), 'mixed scripts are escaped');
    assert.ok(text.includes('its own words, not checked'));
    assert.equal(await page.locator('script, form, button, input').count(), 0, 'it only shows');
    assert.ok(
      await page.evaluate('document.documentElement.scrollWidth <= window.innerWidth'),
      `no sideways scrolling at ${width}`,
    );
    assert.deepEqual(outside, []);
    if (pictures !== undefined)
      await page.screenshot({ path: path.join(pictures, `page-${width}-${colorScheme}.png`), fullPage: true });
    await page.close();
  }
  const { hostname, port } = new URL(daemon.pageUrl);
  assert.equal((await fetch(`http://${hostname}:${port}/`)).status, 404, 'without the secret there is nothing');
  assert.equal((await fetch(daemon.pageUrl, { method: 'POST' })).status, 405);
});
