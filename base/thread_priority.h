// Which threads come first where processors are scarce.
#pragma once

namespace pennon::base {

/// The calling thread, and those it starts from now on, come after the other threads of the process
/// when both want the same processor. For whatever takes its time and nobody waits for: else a
/// request that arrives in the midst of it waits for the end of its turn, which is milliseconds.
/// `nicer` is added to the thread's niceness: it gets half of the others' share with 3, a tenth
/// with 10.
void StepBack(int nicer);

}  // namespace pennon::base
