export { githubApis } from './api.ts';
export { makeGithubVerifier } from './github-verifier.ts';
