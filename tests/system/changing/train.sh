echo loss=$HPO_PARAM_X
