import { policyEngineContract } from '../../contracts/policy-engine.ts';
import { layerOf, openEngine } from './policy-world.ts';

policyEngineContract('embedded opa', async (modules) => {
  const engine = await openEngine({ layers: [layerOf(modules)] });
  return { engine, close: () => engine.close() };
});
