from __future__ import annotations

from ...utils import auto_docstring
from ..pp_doclayout_v2.image_processing_pp_doclayout_v2 import PPDocLayoutV2


@auto_docstring
class PPDocLayoutV4(PPDocLayoutV2):
    """PP-DocLayout V4: rescaled first and resized as floats, cut to the range of the pixels; quadrilaterals.

    The range is 0..255, or 0..1 where all images of a call are floats of at most 1.
    """

    def _preprocess(self, images, options):
        whole = any("float" not in str(image.dtype) or float(image.max()) > 1 for image in images)
        highest = (255.0 if whole else 1.0) * (options.rescale_factor if options.do_rescale else 1.0)
        images = self.run_pipeline(images, options, ("rescale", "resize"))
        if options.do_resize:
            images = self.map_by_shape(lambda image: self.ops.clip(image, 0.0, highest), images, options)
        images = self.run_pipeline(images, options, ("center_crop", "normalize", "pad"))
        return self.batch_feature({"pixel_values": images}, options)

    def post_process_object_detection(self, outputs, threshold=0.5, target_sizes=None):
        """Quadrilaterals and boxes of a score or more in reading order; see `postprocess.quadrilateral_detection`."""
        from ...postprocess import quadrilateral_detection

        return quadrilateral_detection(outputs, threshold, target_sizes)
