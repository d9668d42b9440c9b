"""The far end of the guest's network cable."""
