export { openApiDocuments, readyApiDocuments } from './api-documents.ts';
export { makeDocumentationVerifier } from './documentation-verifier.ts';
