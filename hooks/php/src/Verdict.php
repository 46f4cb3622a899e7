<?php

namespace EnomBridge\Kit;

/** What becomes of a pending hook. */
enum Verdict: string
{
    /** Sent again; left to the bridge that has it; done, and the platform is told so. */
    case Keep = 'keep';

    /** Dropped; withdrawn from the bridge that has it; done, and left to a person. Staff is told in each case. */
    case Drop = 'drop';

    /** As Drop; and where it was done all the same, it is lifted again. */
    case Lift = 'lift';
}
