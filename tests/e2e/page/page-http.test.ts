import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { after, before, describe, test } from 'node:test';
import type { HoldView } from '../../../src/apps/daemon/service.ts';
import { skipUnless } from '../../platform.ts';
import { demand, makePlace, type Place, type RunningDaemon, startDaemon } from '../daemon/place.ts';

/** The page's port hears every account of the machine and every web page's requests. */
describe('the page as a server', { skip: skipUnless('unix') }, () => {
  let place: Place;
  let daemon: RunningDaemon;
  let url: URL;
  let hold: HoldView;

  before(async () => {
    place = makePlace();
    daemon = await startDaemon(place);
    const { status } = (await demand(place, { op: 'status' })) as unknown as { status: { page: string } };
    url = new URL(status.page);
    const origin = { agent: 'a', task: 't', workspace: place.work };
    const asked = await demand(place, {
      op: 'ask',
      because: 'x',
      command: 'git push --force origin main',
      cwd: place.work,
      origin,
    });
    hold = (asked.answer as { hold: HoldView }).hold;
  });
  after(async () => {
    await daemon.stop();
    place.remove();
  });

  const raw = (text: string): Promise<string> =>
    new Promise((resolve) => {
      const socket = connect(Number(url.port), url.hostname);
      let got = '';
      socket.setEncoding('utf8').on('data', (chunk: string) => {
        got += chunk;
      });
      socket.on('error', () => undefined);
      socket.once('close', () => resolve(got));
      socket.write(text);
    });
  const get = (path: string, more = ''): Promise<string> =>
    raw(`GET ${path} HTTP/1.1\r\nhost: ${url.host}\r\nconnection: close\r\n${more}\r\n`);

  test('it answers its own address, and only that', async () => {
    assert.match(await get(url.pathname), /^HTTP\/1\.1 200 [\s\S]*<html lang="en">/);
    const secret = url.pathname.split('/')[1] ?? '';
    for (const [what, reply] of [
      ['no secret', await get('/')],
      ['a wrong secret', await get(`/${'x'.repeat(secret.length)}/`)],
      ['half a secret', await get(`/${secret.slice(0, -1)}/`)],
      ['a secret in the query', await get(`/?${secret}`)],
      ['a path above', await get(`/${secret}/../../etc/passwd`)],
      ['a hold that is not there', await get(`${url.pathname}holds/h-aaaaaaaa`)],
      ['a hold by another name', await get(`${url.pathname}holds/%3Cscript%3E`)],
      ['a section that is not there', await get(`${url.pathname}approve/${hold.id}`)],
    ] as const)
      assert.match(reply, /^HTTP\/1\.1 404 /, what);
  });

  test('what a page elsewhere could send is refused', async () => {
    const path = url.pathname;
    assert.match(
      await raw(`GET ${path} HTTP/1.1\r\nhost: evil.example\r\nconnection: close\r\n\r\n`),
      /^HTTP\/1\.1 421 /,
    );
    assert.match(await raw(`GET ${path} HTTP/1.0\r\n\r\n`), /^HTTP\/1\.1 421 /);
    for (const method of ['POST', 'PUT', 'DELETE', 'OPTIONS', 'PATCH'])
      assert.match(
        await raw(`${method} ${path} HTTP/1.1\r\nhost: ${url.host}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n`),
        /^HTTP\/1\.1 405 /,
        method,
      );
    assert.match(await get(path, `x: ${'y'.repeat(100_000)}\r\n`), /^HTTP\/1\.1 431 /);
    assert.match(await raw('nonsense\r\n\r\n'), /^HTTP\/1\.1 400 /);
    assert.match(await get(path), /^HTTP\/1\.1 200 /, 'it goes on');
  });

  test('every answer forbids scripts, frames, forms and keeping a copy', async () => {
    for (const reply of [await get(url.pathname), await get('/')]) {
      assert.match(reply, /content-security-policy: default-src 'none'/i);
      assert.match(reply, /frame-ancestors 'none'.*form-action 'none'/i);
      assert.match(reply, /cache-control: no-store/i);
      assert.match(reply, /referrer-policy: no-referrer/i);
      assert.ok(!/access-control/i.test(reply));
    }
  });

  test('one hold has a page of its own, which looking at does not change', async () => {
    const list = await get(url.pathname);
    assert.ok(list.includes(`href="holds/${hold.id}"`));
    const one = await get(`${url.pathname}holds/${hold.id}`);
    assert.ok(one.includes('git push --force origin main') && one.includes(`holdpoint approve ${hold.id}`));
    assert.match(await get(`${url.pathname}all`), /^HTTP\/1\.1 200 /);
    const { hold: still } = (await demand(place, { op: 'show', id: hold.id })) as unknown as { hold: HoldView };
    assert.equal(still.state, 'open');
  });
});
