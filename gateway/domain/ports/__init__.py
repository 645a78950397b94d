"""What a vendor may supply, one protocol per noun. An adapter implements those its vendor has and leaves out the rest.

Two shapes, no third. Series and timed records are read by window (`Slice`); lists are read by absolute row range.
Everything is asked in the vendor's own codes; who is who stands in the crosswalk, above.
"""
