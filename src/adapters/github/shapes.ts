import { z } from 'zod';

/** Of GitHub's answers, what is read here; they have far more. Source: https://docs.github.com/en/rest */
export const Repository = z.object({
  id: z.number(),
  full_name: z.string().max(300),
  private: z.boolean(),
  visibility: z.string().max(40).optional(),
  fork: z.boolean(),
  archived: z.boolean(),
  default_branch: z.string().max(300),
  forks_count: z.number(),
  pushed_at: z.string().nullable(),
});
export type Repository = z.infer<typeof Repository>;

export const Branch = z.object({
  name: z.string().max(300),
  protected: z.boolean(),
  commit: z.object({ sha: z.string().regex(/^[0-9a-f]{40,64}$/) }),
});
export type Branch = z.infer<typeof Branch>;

export const PullRequests = z
  .array(
    z.object({
      number: z.number(),
      title: z.string(),
      base: z.object({ ref: z.string() }),
      head: z.object({ ref: z.string() }),
    }),
  )
  .max(100);
export type PullRequests = z.infer<typeof PullRequests>;

export const PullRequest = z.object({
  number: z.number(),
  base: z.object({ ref: z.string().max(300) }),
});

export const Forks = z
  .array(z.object({ id: z.number(), full_name: z.string(), pushed_at: z.string().nullable() }))
  .max(100);

/** `ahead_by` counts commits of the branch that the base does not have. */
export const Comparison = z.object({
  status: z.enum(['ahead', 'behind', 'diverged', 'identical']),
  ahead_by: z.number().int().nonnegative(),
});

export const Tag = z.object({ ref: z.string(), object: z.object({ sha: z.string(), type: z.string() }) });

export const Release = z.object({ id: z.number(), name: z.string().nullable() });

export const AnyObject = z.looseObject({});
