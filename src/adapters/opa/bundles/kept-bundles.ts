import type { OpenBundleFeed } from '../../../ports/policy-sources.ts';
import { openBundleFeed } from './bundle-feed.ts';

/** The bundle that the daemon accepted last: a program that judges once fetches nothing. */
export const openKeptBundles: OpenBundleFeed = (options) => {
  const opened = openBundleFeed(options);
  if (!opened.ok) return opened;
  const feed = opened.value;
  return {
    ok: true,
    value: {
      lastGood: () => feed.lastGood(),
      next: () => Promise.resolve({ kind: 'same' }),
      close: () => feed.close(),
    },
  };
};
