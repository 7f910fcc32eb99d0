//! Lab 8: the call that may have happened.
//!
//! A learner spends credits on a course. The wallet that holds the credits belongs to another team, so
//! the API asks it over lab 1's connection. Sometimes no reply comes. Then the API knows less than it
//! would like to: the credits may be spent, or not, or they may be spent in a second.
//!
//! In reading order, which is also the order to build in:
//!
//! 1. [`message`]: what travels
//! 2. [`knowledge`]: what a caller knows after a try, and after all tries
//! 3. [`deadline`]: how much time is left, here and at the next hop
//! 4. [`backoff`]: how long to wait before the next try
//! 5. [`caller`]: tries, within a deadline
//! 6. [`books`]: where the wallet keeps what is durable
//! 7. [`wallet`]: one effect for one key
//! 8. [`line`]: lab 1's connection, opened again when it has ended
//!
//! It is not a product. Each call has a bound on its tries, but nothing bounds the tries of all calls
//! together, and the wallet accepts all the work that arrives: how a system survives its own retries is
//! another question. Keys are remembered for ever. A wallet that forgets them has to know for how long a
//! request can be late.

pub mod backoff;
pub mod books;
pub mod caller;
pub mod deadline;
pub mod knowledge;
pub mod line;
pub mod message;
pub mod wallet;
