import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';

/** What the model does in one turn. */
export type Turn =
  | { readonly kind: 'tool'; readonly name: string; readonly input: object; readonly say?: string }
  | { readonly kind: 'text'; readonly text: string };

export interface ToolResult {
  readonly toolUseId: string;
  readonly isError: boolean;
  readonly text: string;
}

/** What the script sees: which turn this is (from 0), and the results that the client has sent so far, oldest first. */
export interface TurnInput {
  readonly turn: number;
  readonly results: readonly ToolResult[];
  /** What the conversation began with, all of it: tells an agent from one that it started. */
  readonly prompt: string;
}

export interface StandInModel {
  readonly url: string;
  /** Every request's parsed body, in order. */
  readonly requests: readonly unknown[];
  /** Tool results of the conversation as the model last saw it. */
  results(): readonly ToolResult[];
  close(): Promise<void>;
}

/**
 * A scripted stand-in for the Messages API on loopback: streams one scripted turn for each request that offers tools,
 * and a fixed text for any other (titles, summaries).
 * Source: https://docs.anthropic.com/en/api/messages-streaming
 */
export async function startModel(options: {
  readonly script: (input: TurnInput) => Turn | Promise<Turn>;
}): Promise<StandInModel> {
  const requests: unknown[] = [];
  const seen = { results: [] as readonly ToolResult[] };

  const server = createServer((request, response) => {
    answer(request, response).catch((error: unknown) => {
      response.writeHead(500, { 'content-type': 'application/json' });
      response.end(JSON.stringify({ type: 'error', error: { type: 'api_error', message: String(error) } }));
    });
  });

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await readBody(request);
    const path = (request.url ?? '').split('?')[0];
    if (request.method !== 'POST' || path === '/v1/messages/count_tokens') {
      response.writeHead(200, { 'content-type': 'application/json' });
      response.end(path === '/v1/messages/count_tokens' ? '{"input_tokens":1}' : '{}');
      return;
    }
    if (path !== '/v1/messages') {
      response.writeHead(404, { 'content-type': 'application/json' });
      response.end('{"type":"error","error":{"type":"not_found_error","message":"no such endpoint"}}');
      return;
    }
    const message = JSON.parse(body) as {
      readonly stream?: boolean;
      readonly tools?: readonly unknown[];
      readonly messages?: readonly unknown[];
    };
    requests.push(message);
    let turn: Turn = { kind: 'text', text: 'ok' };
    if ((message.tools?.length ?? 0) > 0) {
      const results = toolResults(message.messages ?? []);
      if (results.length >= seen.results.length) seen.results = results;
      const prompt = textOf(contentOrText(message.messages?.[0]));
      turn = await options.script({ turn: assistantTurns(message.messages ?? []), results, prompt });
    }
    if (message.stream === true) streamTurn(response, turn, requests.length);
    else {
      response.writeHead(200, { 'content-type': 'application/json' });
      response.end(
        JSON.stringify({
          ...envelope(requests.length),
          content: blocks(turn, requests.length),
          stop_reason: stopReason(turn),
        }),
      );
    }
  }

  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', resolve);
  });
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the stand-in model has no port');
  return {
    url: `http://127.0.0.1:${address.port}`,
    requests,
    results: () => seen.results,
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
}

type Block =
  | { readonly type: 'text'; readonly text: string }
  | { readonly type: 'tool_use'; readonly id: string; readonly name: string; readonly input: object };

function blocks(turn: Turn, request: number): readonly Block[] {
  if (turn.kind === 'text') return [{ type: 'text', text: turn.text }];
  const use: Block = {
    type: 'tool_use',
    id: `toolu_${String(request).padStart(8, '0')}`,
    name: turn.name,
    input: turn.input,
  };
  return turn.say === undefined ? [use] : [{ type: 'text', text: turn.say }, use];
}

function stopReason(turn: Turn): string {
  return turn.kind === 'tool' ? 'tool_use' : 'end_turn';
}

function envelope(request: number): object {
  return {
    id: `msg_${request}`,
    type: 'message',
    role: 'assistant',
    model: 'scripted',
    stop_sequence: null,
    usage: { input_tokens: 1, output_tokens: 1 },
  };
}

function streamTurn(response: ServerResponse, turn: Turn, request: number): void {
  response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-cache' });
  const send = (type: string, data: object): void =>
    void response.write(`event: ${type}\ndata: ${JSON.stringify({ type, ...data })}\n\n`);
  send('message_start', { message: { ...envelope(request), content: [], stop_reason: null } });
  blocks(turn, request).forEach((block, index) => {
    if (block.type === 'text') {
      send('content_block_start', { index, content_block: { type: 'text', text: '' } });
      send('content_block_delta', { index, delta: { type: 'text_delta', text: block.text } });
    } else {
      send('content_block_start', { index, content_block: { ...block, input: {} } });
      send('content_block_delta', {
        index,
        delta: { type: 'input_json_delta', partial_json: JSON.stringify(block.input) },
      });
    }
    send('content_block_stop', { index });
  });
  send('message_delta', { delta: { stop_reason: stopReason(turn), stop_sequence: null }, usage: { output_tokens: 1 } });
  send('message_stop', {});
  response.end();
}

function toolResults(messages: readonly unknown[]): readonly ToolResult[] {
  return messages.flatMap((message) =>
    contentOf(message).flatMap((block) => {
      if (block['type'] !== 'tool_result') return [];
      return [
        {
          toolUseId: String(block['tool_use_id']),
          isError: block['is_error'] === true,
          text: textOf(block['content']),
        },
      ];
    }),
  );
}

function assistantTurns(messages: readonly unknown[]): number {
  return messages.filter((message) => isRecord(message) && message['role'] === 'assistant').length;
}

function contentOrText(message: unknown): unknown {
  return isRecord(message) ? message['content'] : undefined;
}

function contentOf(message: unknown): readonly Record<string, unknown>[] {
  const content = isRecord(message) ? message['content'] : undefined;
  return Array.isArray(content) ? content.filter(isRecord) : [];
}

function textOf(content: unknown): string {
  if (typeof content === 'string') return content;
  if (!Array.isArray(content)) return '';
  return content
    .filter(isRecord)
    .map((part) => (typeof part['text'] === 'string' ? part['text'] : ''))
    .join('');
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}

async function readBody(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString('utf8');
}
