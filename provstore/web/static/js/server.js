// The server of this very page, as its reader sees it.
import { Provstore, ProvstoreError } from "../provstore.js";

const told = (name) => document.querySelector(`meta[name="${name}"]`)?.content ?? "";

export { ProvstoreError };
export const base = told("provstore-base");
export const server = new Provstore(base, { csrf: told("csrf-token") });
