import { approverFor } from '../fakes/people.ts';
import { approverContract } from './approver.ts';

approverContract('people', approverFor);
