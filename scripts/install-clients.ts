// Fetches what tests use of PyPI, once, into the cache beside the agent client. A machine without it leaves those tests out.
import { installPythonTool } from '../tests/python-tools.ts';

const why = installPythonTool('httpx');
process.stdout.write(why === undefined ? 'httpx is there\n' : `httpx cannot be had here: ${why}\n`);
