import { wordsOf } from './verb-words.ts';

/** What it means to create one of these: a way in, a way out, or something that runs. */
export type Weight = 'grant' | 'expose' | 'run';

const NOUNS: Record<Weight, string> = {
  grant:
    'token tokens key keys credential credentials password passwords secret secrets certificate certificates invite invites invitation ' +
    'invitations member members membership memberships collaborator collaborators permission permissions role roles access admin admins ' +
    'administrator administrators owner owners grant grants restriction restrictions bypass exemption seat seats apikey',
  expose:
    'webhook webhooks hook hooks email emails mail sms message messages notification notifications broadcast payment payments payout payouts ' +
    'charge charges refund refunds transfer transfers release releases publication',
  run: 'dispatch dispatches deployment deployments run runs execution executions command commands script scripts runner runners job jobs build builds event events',
};

const WEIGHT_OF: ReadonlyMap<string, Weight> = new Map(
  (['run', 'expose', 'grant'] as const).flatMap((weight) =>
    NOUNS[weight].split(' ').map((noun) => [noun, weight] as const),
  ),
);

/** The heaviest noun of a name or sentence; `undefined` where creating what it speaks of changes nothing for others. */
export function weightOf(text: string): Weight | undefined {
  let heaviest: Weight | undefined;
  for (const word of wordsOf(text)) {
    const weight = WEIGHT_OF.get(word);
    if (weight === 'grant') return weight;
    if (weight !== undefined && heaviest !== 'expose') heaviest = weight;
  }
  return heaviest;
}
