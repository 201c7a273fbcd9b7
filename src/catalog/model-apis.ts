/** A request that asks a model for an answer, and does nothing else. */
export interface ModelApi {
  /** Exact, lower case. `*` stands for one label or part of one, letters, digits and hyphens: a region, a customer. */
  readonly host: string;
  readonly method: 'POST';
  /** Of the whole path. */
  readonly paths: readonly RegExp[];
  readonly documentation: string;
}

const OPENAI_LIKE = /^\/v1\/(chat\/completions|completions|responses)$/;
const ANTHROPIC_LIKE = /^\/v1\/messages(\/count_tokens)?$/;

/**
 * Inference only. Files, batches, fine-tuning, keys and organisations of the same hosts are judged like any API, and so
 * are the telemetry and login hosts of agents.
 */
export const MODEL_APIS: readonly ModelApi[] = [
  {
    host: 'api.anthropic.com',
    method: 'POST',
    paths: [ANTHROPIC_LIKE, /^\/v1\/complete$/],
    documentation: 'https://docs.anthropic.com/en/api/messages',
  },
  {
    host: 'api.openai.com',
    method: 'POST',
    paths: [OPENAI_LIKE, /^\/v1\/responses\/(compact|input_tokens)$/, /^\/v1\/(embeddings|moderations)$/],
    documentation: 'https://platform.openai.com/docs/api-reference/responses/create',
  },
  {
    host: 'chatgpt.com',
    method: 'POST',
    paths: [/^\/backend-api\/codex\/responses(\/compact)?$/],
    documentation: 'https://github.com/openai/codex',
  },
  {
    host: 'generativelanguage.googleapis.com',
    method: 'POST',
    paths: [
      /^\/v1(alpha|beta)?\/(models|tunedModels)\/[\w.-]+:(generateContent|streamGenerateContent|countTokens|embedContent|batchEmbedContents)$/,
      /^\/v1beta\/openai\/chat\/completions$/,
    ],
    documentation: 'https://ai.google.dev/api/generate-content',
  },
  {
    host: 'cloudcode-pa.googleapis.com',
    method: 'POST',
    paths: [/^\/v1internal:(generateContent|streamGenerateContent|countTokens)$/],
    documentation: 'https://github.com/google-gemini/gemini-cli',
  },
  ...['aiplatform.googleapis.com', '*-aiplatform.googleapis.com'].map(
    (host): ModelApi => ({
      host,
      method: 'POST',
      paths: [
        /^\/v1(beta1)?\/projects\/[\w.:-]+\/locations\/[\w-]+\/publishers\/[\w-]+\/models\/[\w.@-]+:(generateContent|streamGenerateContent|countTokens|rawPredict|streamRawPredict)$/,
      ],
      documentation: 'https://cloud.google.com/vertex-ai/generative-ai/docs/model-reference/inference',
    }),
  ),
  {
    host: 'bedrock-runtime.*.amazonaws.com',
    method: 'POST',
    paths: [/^\/model\/[\w.:-]+\/(invoke|invoke-with-response-stream|converse|converse-stream|count-tokens)$/],
    documentation: 'https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_ConverseStream.html',
  },
  {
    host: '*.openai.azure.com',
    method: 'POST',
    paths: [
      /^\/openai\/deployments\/[\w.-]+\/(chat\/completions|completions|embeddings)$/,
      /^\/openai\/(v1\/)?(chat\/completions|responses)$/,
    ],
    documentation: 'https://learn.microsoft.com/en-us/azure/ai-services/openai/reference',
  },
  {
    host: 'openrouter.ai',
    method: 'POST',
    paths: [/^\/api\/v1\/(chat\/completions|completions|responses|messages|embeddings)$/],
    documentation: 'https://openrouter.ai/docs/api-reference/overview',
  },
  ...['api.githubcopilot.com', 'api.*.githubcopilot.com'].map(
    (host): ModelApi => ({
      host,
      method: 'POST',
      paths: [/^\/(chat\/completions|responses|embeddings)$/, ANTHROPIC_LIKE],
      documentation: 'https://docs.github.com/en/copilot/reference/copilot-allowlist-reference',
    }),
  ),
  {
    host: 'models.github.ai',
    method: 'POST',
    paths: [/^\/inference\/(chat\/completions|embeddings)$/],
    documentation: 'https://docs.github.com/en/rest/models/inference',
  },
  ...['api.mistral.ai', 'codestral.mistral.ai'].map(
    (host): ModelApi => ({
      host,
      method: 'POST',
      paths: [/^\/v1\/(chat|fim)\/completions$/],
      documentation: 'https://docs.mistral.ai/api/',
    }),
  ),
  {
    host: 'api.deepseek.com',
    method: 'POST',
    paths: [/^(\/v1|\/beta)?(\/chat)?\/completions$/, /^\/anthropic\/v1\/messages$/],
    documentation: 'https://api-docs.deepseek.com/api/create-chat-completion',
  },
  {
    host: 'api.groq.com',
    method: 'POST',
    paths: [/^\/openai\/v1\/(chat\/completions|responses)$/],
    documentation: 'https://console.groq.com/docs/api-reference',
  },
  {
    host: 'api.x.ai',
    method: 'POST',
    paths: [OPENAI_LIKE, ANTHROPIC_LIKE],
    documentation: 'https://docs.x.ai/docs/api-reference',
  },
];

/** The entry for a host, which is compared whole: no suffix, no prefix, no trailing dot. */
export function modelApiOf(host: string, method: string, path: string): ModelApi | undefined {
  return MODEL_APIS.find(
    (one) => one.method === method && isHost(one.host, host) && one.paths.some((pattern) => pattern.test(path)),
  );
}

function isHost(pattern: string, host: string): boolean {
  const [before, after] = pattern.split('*');
  if (before === undefined || after === undefined) return pattern === host;
  return (
    host.length > before.length + after.length &&
    host.startsWith(before) &&
    host.endsWith(after) &&
    /^[a-z0-9-]+$/.test(host.slice(before.length, host.length - after.length))
  );
}
