/** Wires the erasure of a user: asked twice, done once, told on the list. */
import { eraseUser } from "../users-api.js";
import { USERS_PAGE } from "../users-query.js";
import { wireErasure } from "./erasure.js";

/** Open the dialog. @param {string} id */
export const askToErase = wireErasure({ name: "User", erase: eraseUser, page: USERS_PAGE });
