import { memoryStore } from '../fakes/memory-store.ts';
import { storeContract } from './store-contract.ts';

storeContract('memory', async () => memoryStore());
