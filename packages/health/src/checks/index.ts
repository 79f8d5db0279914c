export { type HttpHeaders, type HttpOptions, http } from './http.ts';
