"""Which families there are, which model types use them, which classes users registered."""

from .families import (
    FAMILIES as FAMILIES,
    MODEL_TYPES as MODEL_TYPES,
    Family as Family,
    UnknownFamilyError as UnknownFamilyError,
    written_families as written_families,
)
from .lookup import (
    IMAGES as IMAGES,
    VIDEOS as VIDEOS,
    Catalogue as Catalogue,
    family_of_model_type as family_of_model_type,
    find_class as find_class,
    find_family as find_family,
    image_processor_class as image_processor_class,
)
from .registered import (
    find_registered as find_registered,
    register_classes as register_classes,
    registered_classes as registered_classes,
    unregister_classes as unregister_classes,
)
from .videos import VIDEO_FAMILIES as VIDEO_FAMILIES, VIDEO_MODEL_TYPES as VIDEO_MODEL_TYPES
