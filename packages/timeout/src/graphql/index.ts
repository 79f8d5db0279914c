// A GraphQL client over a made fetch.
export {
  createGraphQL,
  type GraphQLCallOptions,
  type GraphQLClient,
} from './create-graphql.ts';
export type { HeadersSource, ProvideHeaders } from './credentials.ts';
// What its calls reject with, beside the errors of the fetch.
export {
  GraphQLError,
  type GraphQLErrorEntry,
  type GraphQLErrorFacts,
  GraphQLHttpError,
} from './errors.ts';
export type { CreateGraphQLOptions } from './options.ts';
export type { GraphQLReply } from './read-reply.ts';
