/**
 * For zod's `superRefine`: rules between fields are looked at where single fields are wrong, too, since
 * who sent them wants to hear of everything at once. Such a rule gets what may just have been refused.
 */
export const ANYWAY = {
  when: ({ value }: { readonly value: unknown }) => typeof value === "object" && value !== null,
};
