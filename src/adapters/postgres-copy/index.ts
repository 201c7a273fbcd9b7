export { faultOfDump, type KeptDump, listDumps } from './kept-dump.ts';
export { makePostgresCopier } from './postgres-copier.ts';
